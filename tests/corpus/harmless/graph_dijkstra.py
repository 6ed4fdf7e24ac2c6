import heapq
import math


def shortest(graph, start):
    distance = {node: math.inf for node in graph}
    distance[start] = 0
    queue = [(0, start)]
    while queue:
        so_far, node = heapq.heappop(queue)
        if so_far > distance[node]:
            continue
        for neighbour, cost in graph[node].items():
            if so_far + cost < distance[neighbour]:
                distance[neighbour] = so_far + cost
                heapq.heappush(queue, (distance[neighbour], neighbour))
    return distance


GRAPH = {"a": {"b": 7, "c": 3}, "b": {"d": 2}, "c": {"b": 1, "d": 8}, "d": {}}
print(shortest(GRAPH, "a"))
