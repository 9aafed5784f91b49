"""Random audit of a ledger below: committed, sealed, revealed, drawn, judged (federation.md §6, requirements.md G5)."""
