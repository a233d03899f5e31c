# Read by the image's entry point, once, while the volume is new: a role and a database for each service.
for service in catalogue orders payment user shipping; do
  psql --username "$POSTGRES_USER" --dbname postgres --set ON_ERROR_STOP=1 --set service="$service" \
    --set password="$(cat "/run/secrets/stores/$service")" <<'SQL'
CREATE ROLE :"service" LOGIN PASSWORD :'password';
CREATE DATABASE :"service" OWNER :"service";
REVOKE ALL ON DATABASE :"service" FROM PUBLIC;
SQL
done
