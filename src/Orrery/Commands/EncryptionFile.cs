using Orrery.Server.Encryption;

namespace Orrery.Commands;

/// <summary>Reads the file that says what is stored encrypted.</summary>
internal static class EncryptionFile
{
    public const string Option = "--encryption-provider-config";

    /// <param name="file">Null: nothing is encrypted.</param>
    /// <exception cref="CommandFailedException">It cannot be read, or means nothing; its secrets are never named.</exception>
    public static EncryptionConfiguration? Read(string? file)
    {
        try
        {
            return file is null ? null : EncryptionConfiguration.Parse(File.ReadAllText(file));
        }
        catch (Exception fault) when (fault is FormatException or IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException($"{Option}: {file}: {fault.Message}", fault);
        }
    }
}
