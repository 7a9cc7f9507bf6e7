"""Where handlers run: `parse_in`, one promise with three keepers.

The promise (`made.py`): run the handler of this page; give its items and requests, or what
went wrong with its traceback. What the main process does with that (stores, frontier,
counts, logs) is the same code for all three (`landing.py`).

    main      settling ─▶ landing ─▶ handler

    worker    fetch ─▶ handler ═ items, requests ═▶ settling ─▶ landing         beside.py
              (the body stays where it was fetched)

    process   settling ═ page ═▶ parse worker: handler ═▶ settling ─▶ landing   apart.py
              (a second crew: parsecrew.py)

Handlers go to workers once, when a worker starts (`travel.py`). In all three places the page
is done only when its items are stored, so a worker that is killed loses none and yields
none twice. `on_failure` runs in the main process everywhere: most failures never had a worker.
"""
