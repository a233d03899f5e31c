FROM scratch
COPY root /
RUN ["/bin/busybox", "--install", "-s", "/bin"]
RUN mkdir -p /tmp /data && chmod 1777 /tmp && chown 999:999 /data
ENV PATH=/usr/bin:/bin
LABEL sock-shop.stand-in=true
VOLUME /data
WORKDIR /data
USER redis
EXPOSE 6379
CMD ["redis-server"]
