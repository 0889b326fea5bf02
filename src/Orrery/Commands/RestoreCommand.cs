using System.CommandLine;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Installation;
using Orrery.Server.Registry;
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
            //    What data planes run beyond it is not known, and is not to be taken for unwanted.
            var mark = new RestoredAnnotation(OrreryResources.DataPlanes.GroupResource, OrreryNames.RestoredAnnotation, Conditions.Time(header.Taken));
            IAsyncEnumerable<StoredValue> items = mark.PutAsync(backup.ItemsAsync(cancellationToken), cancellationToken);
            await (etcd is null
                ? SqliteBackup.RestoreAsync(directory.StoreFile, header, items, cancellationToken)
                : EtcdBackup.RestoreAsync(etcd, header, items, cancellationToken)).ConfigureAwait(false);
            Console.WriteLine($"{objects} objects as of revision {header.Revision} restored; revisions go on from {header.RestoredRevision}");
            if (mark.Marked > 0)
            {
                Console.WriteLine($"{mark.Marked} data planes keep what they run and the backup does not know of, until 'orrery data-plane confirm NAME'");
            }

            foreach (string key in mark.Unmarked)
            {
                await Console.Error.WriteLineAsync($"warning: {key} is encrypted and was not marked: stop its satellite, or set it to Paused in its cluster, before it connects").ConfigureAwait(false);
            }

            return 0;
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException && !File.Exists(file))
        {
            throw new CommandFailedException($"there is no backup {file}; name a file that 'orrery backup' wrote", error);
        }
        catch (Exception error) when (error is BackupException or StoreException or IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException(error.Message, error);
        }
    }
}
