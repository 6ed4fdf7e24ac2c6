from pathlib import Path

folder = Path("reports")
folder.mkdir(exist_ok=True)
for number in range(3):
    (folder / f"report-{number}.txt").write_text(f"report {number}\n")
for path in sorted(folder.glob("*.txt")):
    print(path.name, path.stat().st_size, path.read_text().strip())
