"""What one deployment has used, and what a call may cost there."""

from dataclasses import dataclass, field

from adapters.tokens import Learned
from routing.ask import Ask
from routing.quota import Need
from routing.windows import Window

_OUTPUT_TOKENS = 256  # what an answer is taken for until a deployment has given some
_LASTS_S = 5.0  # and how long until then


@dataclass(slots=True)
class Use:
    """As this process knows it."""

    learned: Learned = field(default_factory=Learned)
    output: float = _OUTPUT_TOKENS  # moving average of tokens in an answer
    lasts_s: float = _LASTS_S  # moving average of how long one takes
    slots: int = 0  # taken now
    requests: Window = field(default_factory=Window)
    tokens: Window = field(default_factory=Window)
    full_until: float = 0.0  # the store has refused; no use asking before
    full_for: int = 0  # but only for who needs as many tokens

    def full_s(self, now: float, need: Need) -> float:
        if self.full_until <= now or need.prompt + need.output < self.full_for:
            return 0.0
        return self.full_until - now

    def need(self, ask: Ask) -> Need:
        """What a call may cost here, as far as experience tells."""
        usual = int(self.output)
        most = ask.most_output
        prompt = ask.prompt_tokens(self.learned.characters_per_token)
        return Need(prompt, usual, usual) if most is None else Need(prompt, min(most, usual), most)
