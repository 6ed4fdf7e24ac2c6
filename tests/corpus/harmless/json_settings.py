import json

DEFAULTS = {"theme": "light", "size": 12, "plugins": ["spell", "wrap"]}


def merged(base, override):
    result = dict(base)
    for key, value in override.items():
        if isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merged(result[key], value)
        else:
            result[key] = value
    return result


user = json.loads('{"size": 14, "plugins": ["spell"]}')
print(json.dumps(merged(DEFAULTS, user), indent=2, sort_keys=True))
