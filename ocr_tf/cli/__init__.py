"""The commands: from an argument list to the function that does the work.

Its files:

    commands      TOOLS: every command's name, configuration, positional arguments and function
    experiments   finds the experiments that come with the toolkit by name
    launch        parses the arguments, runs the command, turns errors into exit codes
"""
