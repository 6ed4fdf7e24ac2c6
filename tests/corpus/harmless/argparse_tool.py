import argparse


def build_parser():
    parser = argparse.ArgumentParser(description="Greets people")
    parser.add_argument("names", nargs="*", default=["world"])
    parser.add_argument("--shout", action="store_true")
    parser.add_argument("-n", "--times", type=int, default=1)
    return parser


def main(argv=None):
    args = build_parser().parse_args(argv)
    for name in args.names:
        greeting = f"Hello, {name}!"
        for _ in range(args.times):
            print(greeting.upper() if args.shout else greeting)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(["Ada", "--shout", "-n", "2"]))
