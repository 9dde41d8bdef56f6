# The build image shares the run image's layer. stack_images.py hands in BASE, and PACKAGES from build.txt.
ARG BASE
FROM ${BASE}
ARG PACKAGES
USER root
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends ${PACKAGES} \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt /var/log/apt /var/log/dpkg.log
COPY --chown=root:root uv /usr/local/bin/
ENV CNB_USER_ID=1000 CNB_GROUP_ID=1000
USER 1000:1000
