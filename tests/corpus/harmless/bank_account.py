class InsufficientFunds(Exception):
    def __init__(self, needed, balance):
        super().__init__(f"needed {needed}, but there is only {balance}")
        self.needed = needed
        self.balance = balance


class Account:
    _next_number = 1

    def __init__(self, owner, balance=0):
        self.owner = owner
        self._balance = balance
        self.number = Account._next_number
        Account._next_number += 1

    @property
    def balance(self):
        return self._balance

    def deposit(self, amount):
        if amount <= 0:
            raise ValueError("must be positive")
        self._balance += amount

    def withdraw(self, amount):
        if amount > self._balance:
            raise InsufficientFunds(amount, self._balance)
        self._balance -= amount

    def __str__(self):
        return f"{type(self).__name__} {self.number} of {self.owner}: {self.balance}"

    def __repr__(self):
        return f"Account({self.owner!r}, {self._balance!r})"


account = Account("Ada", 100)
account.deposit(50)
try:
    account.withdraw(500)
except InsufficientFunds as error:
    print("refused:", error)
print(account)
