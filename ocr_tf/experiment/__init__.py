"""Everything about one run, from its definition to its export.

The rooms, each of which may import those before it: `config`, `runs`, `tensorboard`, `inference`,
`training`, `serving`.
"""
