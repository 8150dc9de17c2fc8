"""The project's random stream (Philox 4x32-10) in Python, so that references draw the same numbers."""

import math

MASK = 0xFFFFFFFF


def philox(counter, key):
    """One block of four words."""
    (a, b, c, d), (x, y) = counter, key
    for _ in range(10):
        p, q = 0xD2511F53 * a, 0xCD9E8D57 * c
        a, b, c, d = (q >> 32) ^ b ^ x, q & MASK, (p >> 32) ^ d ^ y, p & MASK
        x, y = (x + 0x9E3779B9) & MASK, (y + 0xBB67AE85) & MASK
    return a, b, c, d


def mix(key, value):
    block = philox((value & MASK, value >> 32, 0x7370_6C69, 0x7473_7472), (key & MASK, key >> 32))
    return block[0] | block[1] << 32


class RandomStream:
    """A stream as `RandomStream` in Sources/Kernels."""

    def __init__(self, seed=None, key=None):
        self.key = mix(0x466F_7265_7369_6768, seed) if key is None else key
        self.counter, self.words = 0, []

    def child(self, label):
        if isinstance(label, int):
            return RandomStream(key=mix(self.key, label))
        digest = 0xCBF2_9CE4_8422_2325
        for byte in label.encode():
            digest = (digest ^ byte) * 0x100_0000_01B3 & 0xFFFF_FFFF_FFFF_FFFF
        return RandomStream(key=mix(self.key ^ 0x6C61_6265_6C00_0000, digest))

    def block(self):
        words = philox((self.counter & MASK, self.counter >> 32, 0, 0), (self.key & MASK, self.key >> 32))
        self.counter += 1
        return list(words)

    def word(self):
        if not self.words:
            self.words = self.block()
        return self.words.pop(0)

    def index(self, bound):
        """A whole number below `bound`."""
        product = self.word() * bound
        while product & MASK < (1 << 32) % bound:
            product = self.word() * bound
        return product >> 32

    def fill(self, count, draw):
        """`count` numbers, `draw` making four of the words of a block."""
        self.words, result = [], []
        for start in range(0, count, 256):
            length = min(256, count - start)
            blocks = [draw(self.block()) for _ in range((length + 3) // 4)]
            result += [block[plane] for plane in range(4) for block in blocks][:length]
        return result

    def normal(self, count):
        """Standard normal numbers."""

        def draw(words):
            result = [0.0] * 4
            for pair in (0, 2):
                u = (words[pair] >> 1) * 2.0**-31 + 2.0**-33
                angle = 2 * math.pi * (words[pair + 1] >> 8) * 2.0**-24
                radius = math.sqrt(max(-2 * math.log(u), 0))
                result[pair], result[pair + 1] = radius * math.cos(angle), radius * math.sin(angle)
            return result

        return self.fill(count, draw)

    def uniform(self, count):
        """Numbers uniform in [0, 1)."""
        return self.fill(count, lambda words: [(word >> 8) * 2.0**-24 for word in words])
