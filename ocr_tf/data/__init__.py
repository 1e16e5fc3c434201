"""From a source of labelled line images to batches: source, image, augment, plan, pipeline."""
