FROM scratch
COPY root /
RUN ["/bin/busybox", "--install", "-s", "/bin"]
RUN mkdir -p /tmp /run/postgresql /var/lib/postgresql/data && ln -s /run /var/run \
 && chmod 1777 /tmp && chmod 3777 /run/postgresql && chmod 1777 /var/lib/postgresql/data \
 && chown -R 999:999 /run/postgresql /var/lib/postgresql
ENV PATH=/opt/postgres/bin:/bin PGDATA=/var/lib/postgresql/data
LABEL sock-shop.stand-in=true
VOLUME /var/lib/postgresql/data
USER postgres
EXPOSE 5432
STOPSIGNAL SIGINT
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["postgres"]
