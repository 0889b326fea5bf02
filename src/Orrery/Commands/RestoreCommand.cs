using System.CommandLine;
using Orrery.Installation;
using Orrery.Storage;
using Orrery.Storage.Backup;
using Orrery.Storage.Etcd;
using Orrery.Storage.Sqlite;

namespace Orrery.Commands;

/// <summary><c>orrery restore</c>: makes a store of a backup, in a data directory or in an etcd, wherever it was taken from.</summary>
internal static class RestoreCommand
{
    public static Command Create()
    {
        var file = new Argument<string>("FILE") { Description = "What 'orrery backup' wrote." };
        Option<string> dataDir = Options.DataDir();
        var check = new Option<bool>("--check") { Description = "Only read the file, and tell whether it is whole and what it holds." };
        var command = new Command("restore", "Put the objects of a backup where there are none: no control plane may run there yet.") { file, dataDir, check };
        var store = new StoreOptions();
        store.AddTo(command);
        command.SetAction((parse, cancellationToken) => RunAsync(
            Path.GetFullPath(parse.GetValue(file)!), new DataDirectory(parse.GetValue(dataDir)!), store.Read(parse), parse.GetValue(check), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(string file, DataDirectory directory, EtcdOptions? etcd, bool check, CancellationToken cancellationToken)
    {
        try
        {
            // 1. Nothing is touched before the whole file has been read and its digest was right.
            var backup = new BackupReader(file);
            (BackupHeader header, long objects) = await backup.CheckAsync(cancellationToken).ConfigureAwait(false);
            KeyBundle? keys = header.Keys is { } pem ? KeyBundle.Parse(pem, TimeProvider.System) : null;
            if (check)
            {
                Console.WriteLine($"{objects} objects as of revision {header.Revision}, taken {header.Taken:yyyy-MM-dd HH:mm:ss}Z, {(keys is null ? "without" : "with")} keys");
                return 0;
            }

            // 2. The keys, where there are none or the same.
            directory.Create();
            keys?.Install(directory, TimeProvider.System);

            // 3. The objects: all of them, or none that anybody would serve.
            await (etcd is null
                ? SqliteBackup.RestoreAsync(directory.StoreFile, header, backup.ItemsAsync(cancellationToken), cancellationToken)
                : EtcdBackup.RestoreAsync(etcd, header, backup.ItemsAsync(cancellationToken), cancellationToken)).ConfigureAwait(false);
            Console.WriteLine($"{objects} objects as of revision {header.Revision} restored; revisions go on from {header.RestoredRevision}");
            return 0;
        }
        catch (Exception error) when (error is BackupException or StoreException or IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException(error.Message, error);
        }
    }
}
