"""The table of dishonest acts, played out: a dishonest operator or source does it, and the party named catches it.

Each scenario has real files and real server processes, and a party that uses the command a person would use. Where
there is evidence, ``ledger verify`` convinces a stranger who has nothing but that file and the log's verifier key.

- ``table``: every act, who catches it, through which command, with which evidence; or why that is left for later.
  ``docs/scenarios.md`` is the same for people, and ``test_table`` holds table, document and tests together.
- ``stage``: one honest ledger with its clients, of which each scenario gets a copy.
- ``dishonest``: ``ledger serve``, changed by a dishonest operator.
- ``hand``: a source that says what no client would.
"""
