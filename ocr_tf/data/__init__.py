"""From a source of labeled line images to batches: source, image, augment, plan, pipeline."""
