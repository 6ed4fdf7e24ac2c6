ARG BASE
FROM ${BASE}
ARG user=jenkins
ARG uid=1000
ARG JENKINS_HOME=/var/jenkins_home
ENV JENKINS_HOME=$JENKINS_HOME
VOLUME $JENKINS_HOME
USER ${uid}:${uid}
WORKDIR $JENKINS_HOME
HEALTHCHECK --interval=30s --timeout=3s --start-period=5s --retries=3 CMD ["true"]
