"""What is kept over years: cases, plans, runs, follow-up and device quality, in a database that files can rebuild."""
