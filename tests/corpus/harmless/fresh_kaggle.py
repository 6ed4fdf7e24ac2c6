import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

train = pd.read_csv("train.csv")
y = train.pop("target")
X = pd.get_dummies(train.fillna(train.median(numeric_only=True)))
model = make_pipeline(StandardScaler(), RandomForestClassifier(n_estimators=50, random_state=0))
scores = cross_val_score(model, X, y, cv=3)
print(f"{np.mean(scores):.3f} ± {np.std(scores):.3f}")
model.fit(X, y)
pd.DataFrame({"id": np.arange(len(X)), "target": model.predict(X)}).to_csv("submission.csv", index=False)
