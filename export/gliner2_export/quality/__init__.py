"""How far the answers of one graph differ from another's: texts, answers, figures and the report."""
