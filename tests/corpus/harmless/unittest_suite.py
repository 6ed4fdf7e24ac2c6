import unittest


def roman(number):
    table = [(10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")]
    result = ""
    for value, symbol in table:
        while number >= value:
            result += symbol
            number -= value
    return result


class RomanTest(unittest.TestCase):
    def setUp(self):
        self.cases = {1: "I", 4: "IV", 9: "IX", 14: "XIV"}

    def test_known(self):
        for number, expected in self.cases.items():
            with self.subTest(number=number):
                self.assertEqual(roman(number), expected)


if __name__ == "__main__":
    unittest.main(argv=["roman"], exit=False)
