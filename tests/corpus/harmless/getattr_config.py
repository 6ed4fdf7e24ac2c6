class Config:
    debug = False
    level = "info"

    def __init__(self, **options):
        for name, value in options.items():
            if not hasattr(self, name):
                raise AttributeError(f"no option {name}")
            setattr(self, name, value)


config = Config(level="warn")
print(getattr(config, "level"), getattr(config, "missing", "default"))
for name in ("debug", "level"):
    print(name, getattr(config, name))
