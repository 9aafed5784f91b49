"""Exchange: the node's side of the federation: stores, use cases, loops, HTTP endpoints, the network page."""
