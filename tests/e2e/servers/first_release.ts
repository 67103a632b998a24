/**
 * An installation of the first release, as far as another that is applied over it has to do with
 * it: names, selector, subjects, and a second container.
 */
export const FIRST_RELEASE = `
apiVersion: v1
kind: Namespace
metadata:
  name: msi-acrpull-system
  labels:
    control-plane: controller-manager
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: msi-acrpull-leader-election-role
  namespace: msi-acrpull-system
rules:
  - apiGroups: [""]
    resources: [configmaps]
    verbs: [get, list, watch, create, update, patch, delete]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: msi-acrpull-manager-role
rules:
  - apiGroups: [""]
    resources: [secrets]
    verbs: ["*"]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: msi-acrpull-leader-election-rolebinding
  namespace: msi-acrpull-system
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: msi-acrpull-leader-election-role
subjects:
  - kind: ServiceAccount
    name: default
    namespace: msi-acrpull-system
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: msi-acrpull-manager-rolebinding
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: msi-acrpull-manager-role
subjects:
  - kind: ServiceAccount
    name: default
    namespace: msi-acrpull-system
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: msi-acrpull-controller-manager
  namespace: msi-acrpull-system
  labels:
    control-plane: controller-manager
spec:
  replicas: 2
  selector:
    matchLabels:
      control-plane: controller-manager
  template:
    metadata:
      labels:
        control-plane: controller-manager
    spec:
      containers:
        - name: kube-rbac-proxy
          image: proxy:1
          args: ["--upstream=http://127.0.0.1:8080/"]
          ports:
            - containerPort: 8443
              name: https
        - name: manager
          image: manager:1
          command: [/manager]
          args: [--metrics-addr=127.0.0.1:8080, --enable-leader-election]
`;
