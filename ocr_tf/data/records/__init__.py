"""Data sets as shards of TFRecords, with an index beside each shard and a manifest over all.

shard      writes and reads one shard and its index
manifest   what a folder of records holds: counts, alphabet, checksums, where it came from
make       the command make_records: any source to records, in parallel, resumable
beam       the same as an Apache Beam pipeline
config     options of the command
"""
