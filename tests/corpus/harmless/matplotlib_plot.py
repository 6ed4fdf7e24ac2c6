import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

xs = [i / 10 for i in range(100)]
fig, ax = plt.subplots(figsize=(6, 4))
ax.plot(xs, [x**2 for x in xs], label="$x^2$")
ax.set_xlabel("x")
ax.legend()
fig.savefig("plot.png", dpi=100)
plt.close(fig)
print("saved plot.png")
