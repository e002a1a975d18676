"""Every run tries the same: what lands must not depend on luck. `SLUICEGATE_EXPLORE=1 make test`
has properties look where they have not looked yet.
"""

import os

from hypothesis import settings

settings.register_profile("same", derandomize=True)
settings.register_profile("explore", print_blob=True)
settings.load_profile("explore" if os.environ.get("SLUICEGATE_EXPLORE") else "same")
