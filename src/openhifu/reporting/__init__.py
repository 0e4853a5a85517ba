"""What people read of a case, a plan and a treatment: numbers, figures and the PDF report.

``case_figure.case_figure`` draws a case, ``numbers.treatment_numbers`` counts what a treatment did,
``report.write_report`` writes the report. Every word for people comes from one catalogue (``words.toml``).
"""
