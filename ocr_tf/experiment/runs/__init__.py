"""The run folder: all that is known of one training, on disk."""
