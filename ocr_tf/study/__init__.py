"""Many runs, one answer: schedule the runs of a study, compare them, write the report."""
