"""What TensorBoard shows of a run, derived from the files of its folder.

Its files:

    event_file    writes TensorBoard's file format
    summaries     curves, pictures, settings and the graph, from metrics.jsonl and its neighbors
"""
