ROOMS = {
    "hall": {"north": "kitchen", "text": "A long hall."},
    "kitchen": {"south": "hall", "east": "garden", "text": "It smells of soup."},
    "garden": {"west": "kitchen", "text": "Sun! You are free."},
}


def play(commands):
    room = "hall"
    for command in commands:
        print(ROOMS[room]["text"])
        if command in ROOMS[room]:
            room = ROOMS[room][command]
        else:
            print("You cannot go", command)
    print(ROOMS[room]["text"])


play(["west", "north", "east"])
