"""Looks at lines before anything is trained on them: what would be skipped, shared, repeated or misread.

Its files:

    config      the flags of inspect_data
    command     runs it: reads the lines, prints, writes page and table
    finding     what a finding is, and how bad one can be
    findings    all of them, the worst first
    images      those about images: unreadable, blank, upright, copies
    labels      those about labels: empty, too long, odd and rare symbols
    report      findings as text, and as a table of all lines that they name
    plots       label lengths, widths and symbols
    page        findings as one HTML page
"""
