"""Conditions side by side: what each read of every test line, and what follows statistically.

Its files:

    results        readings of all conditions and seeds, joined by line id
    same_images    checks that evaluations of one line id read the same image
    statistics     error rates and pairwise comparisons, through `ocr_tf.metrics.paired`
    plain          who is ahead under how many seeds, and whether another training would be
    rate_intervals  every rate of the main table, with its interval
    estimates      rates of further quantities, with intervals where the lines can give one
    controls       what the runs provably shared, and what differed
    inputs         training texts, test images and networks behind the readings
    models         the trained networks, and lines prepared as each of them sees them
    curves         loss and validation CER by step, from the runs' records
    formation      since which step trainings are aligned
    failures       how many trainings failed, and the verdict among the others
    across         one difference on several sets of lines
    test_sets      several test sets of one study
    lines          the test lines with every reading of them
    tuning         the learning rates that a search before the study found
    plan           what a study declares before its first run, and what was changed since
    interim_looks  the looks at a study's results, and what each costs
"""
