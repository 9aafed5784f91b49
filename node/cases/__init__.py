"""The life of a matter: states, clocks, custody, proxy, query. Source: requirements.md §4, federation.md §8."""
