"""From an experiment's definition to a run folder, its measurements and its SavedModel."""
