import sys

ANSWERS = {"hello": "Hello!", "how are you": "Fine.", "bye": "Bye!"}


def answer(text):
    return ANSWERS.get(text.lower().strip(" ?!."), "I do not understand.")


def main():
    print("bot: ready")
    for line in sys.stdin:
        reply = answer(line)
        print("bot:", reply)
        if reply == "Bye!":
            break


main()
