"""TensorFlow Serving on exports in Kubernetes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote

from tfmmrec.serving.tensorflow_serving import GRPC_PORT, METRICS, REST_PORT, listed_flags

if TYPE_CHECKING:
    from tfmmrec.serving.deployment import Deployment


def kubernetes(deployment: Deployment, configs: dict[str, str]) -> str:
    """A ConfigMap of the configuration, a claim for the models' volume, a Deployment and a Service."""
    texts = "\n".join(f"  {name}: |\n{_indented(text, 4)}" for name, text in configs.items())
    ready = json.dumps(f"/v1/models/{quote(deployment.models[0])}/metadata")
    return f"""\
# kubectl apply -f kubernetes.yaml
apiVersion: v1
kind: ConfigMap
metadata:
  name: tensorflow-serving
data:
{texts}
---
# Fill it with the folder of all models: <name>/<version>/saved_model.pb. A new version is found by itself.
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: savedmodels
spec:
  accessModes: [ReadWriteMany] # every replica reads what one exports
  resources:
    requests:
      storage: {deployment.disk}Gi
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: tensorflow-serving
  labels:
    app: tensorflow-serving
spec:
  replicas: 2
  selector:
    matchLabels:
      app: tensorflow-serving
  strategy:
    rollingUpdate:
      maxUnavailable: 0
  template:
    metadata:
      labels:
        app: tensorflow-serving
      annotations:
        prometheus.io/scrape: "true"
        prometheus.io/port: "{REST_PORT}"
        prometheus.io/path: {METRICS}
    spec:
      containers:
        - name: tensorflow-serving
          # Pin the version that was tested, no older than the TensorFlow of the exports (their about.json).
          image: {json.dumps(deployment.image)}
          args:
{listed_flags(12)}
          ports:
            - name: grpc
              containerPort: {GRPC_PORT}
            - name: rest
              containerPort: {REST_PORT}
          # The port opens when every model is loaded and warm: up to ten minutes.
          startupProbe:
            tcpSocket:
              port: rest
            periodSeconds: 5
            failureThreshold: 120
          # A version is served, which the state of a model alone (HTTP 200 while it loads) does not say.
          readinessProbe:
            httpGet:
              path: {ready}
              port: rest
            periodSeconds: 5
            timeoutSeconds: 3
          livenessProbe:
            tcpSocket:
              port: rest
            periodSeconds: 10
            timeoutSeconds: 3
          resources:
            requests:
              cpu: "{deployment.cores}"
              memory: {deployment.memory}Gi
            limits:
              memory: {deployment.memory}Gi
          securityContext:
            allowPrivilegeEscalation: false
          volumeMounts:
            - name: savedmodels
              mountPath: /models
              readOnly: true
            - name: config
              mountPath: /config
              readOnly: true
      volumes:
        - name: savedmodels
          persistentVolumeClaim:
            claimName: savedmodels
        - name: config
          configMap:
            name: tensorflow-serving
---
apiVersion: v1
kind: Service
metadata:
  name: tensorflow-serving
  labels:
    app: tensorflow-serving
spec:
  selector:
    app: tensorflow-serving
  ports:
    - name: grpc
      port: {GRPC_PORT}
      targetPort: grpc
    - name: rest
      port: {REST_PORT}
      targetPort: rest
"""


def _indented(text: str, indent: int) -> str:
    return "\n".join(f"{' ' * indent}{line}" for line in text.splitlines())
