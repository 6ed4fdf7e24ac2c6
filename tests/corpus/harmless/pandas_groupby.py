import pandas as pd

df = pd.DataFrame({"city": ["Bern", "Basel", "Bern"], "sales": [3, 5, 8], "cost": [1, 2, 2]})
df["profit"] = df.eval("sales - cost")
summary = df.groupby("city").agg(total=("sales", "sum"), mean=("profit", "mean")).reset_index()
print(summary.query("total > 5"))
summary.to_csv("summary.csv", index=False)
print(pd.read_csv("summary.csv").head())
