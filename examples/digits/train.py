"""The page of `fanlight demo`, as a user writes it: `python train.py`, then `fanlight serve site`.

The network, its training and the page are in fanlight/demo.py, each in one function."""

import fanlight as fl
from fanlight.demo import digits_model, digits_page, train

model = digits_model()
model.summary()
accuracy = train(model)
print(f"{accuracy:.1%} of the digits held out are right")

(_, _), (x, _) = fl.datasets.digits()
for label, probability in model.classify(x[:1], top=3)[0]:
    print(f"{label}: {probability:.1%}")

model.export("site", train=True, page=digits_page(), onefile=True)
