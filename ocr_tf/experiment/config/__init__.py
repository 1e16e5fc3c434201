"""The frozen configuration of an experiment, its flags, and how commands end."""
