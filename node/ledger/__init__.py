"""The ledger: every act as a fact in the node's own log, sequenced, signed, followed, and provable to a citizen."""
