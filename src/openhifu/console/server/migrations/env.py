"""How alembic reaches the console's database: over the connection it is given, within that one's transaction."""

from alembic import context

from openhifu.console.server.tables import METADATA

context.configure(connection=context.config.attributes["line"], target_metadata=METADATA, transactional_ddl=False)
context.run_migrations()
