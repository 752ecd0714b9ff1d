"""Base language models, read and served without torch: sources, tokens, states of tokens, next-token logits."""

from greensched.language.decoder import Decoder
from greensched.language.encoder import Encoded, Encoder
from greensched.language.pooling import Pooler
from greensched.language.reading import OutOfTimeError
from greensched.language.tokens import Tokenised, Tokenizer

__all__ = ["Decoder", "Encoded", "Encoder", "OutOfTimeError", "Pooler", "Tokenised", "Tokenizer"]
