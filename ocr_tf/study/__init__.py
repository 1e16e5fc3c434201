"""Studies: several conditions under several seeds, compared, with a report.

Its files:

    config        Study: the conditions, which differ in Python, and the settings that they share
    searches      the searches of a study, and the conditions that they make of what is trained
    command       the command of a study: trains what is missing, compares, reports
    compare       from evaluated runs to a report
    named_runs    the conditions among the runs that `compare` names
    planning      the plan in a study's folder: written before the first run, then compared
    looking       a look at a study's results: charged, and written down
    meta          from the reports of several studies to one over their data sets
    study_folder  the files of a study
    shared_lines  the training lines that every condition can use, and their alphabet
    rounds        one question on several data sets, a seed at a time
    scheduler     runs jobs one by one, several at a time, or on a Ray cluster
    job           one run of a study, as the scheduler hands it to a process
    worker        that process: trains a run and evaluates its checkpoints
    tune          searches each condition's learning rate, or more of its options
    time_left     estimates how long the remaining runs of a study take
    up_to_date    tells whether a finished study's report still holds

Its rooms: `comparison` (readings side by side, and the statistics), `analysis` (why conditions differ) and
`report` (page, JSON, tables, plots).
"""
