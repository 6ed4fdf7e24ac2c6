import hashlib
import json
from dataclasses import dataclass


@dataclass
class Block:
    index: int
    data: str
    previous: str
    nonce: int = 0

    def digest(self):
        content = json.dumps([self.index, self.data, self.previous, self.nonce])
        return hashlib.sha256(content.encode("utf-8")).hexdigest()

    def mine(self, prefix="00"):
        while not self.digest().startswith(prefix):
            self.nonce += 1
        return self


chain = [Block(0, "genesis", "").mine()]
for index, text in enumerate(["a pays b", "b pays c"], 1):
    chain.append(Block(index, text, chain[-1].digest()).mine())
for block in chain:
    print(block.index, block.digest()[:16])
