"""The kinds of jobs, one function each."""
