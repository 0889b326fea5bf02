namespace Orrery.Commands;

/// <summary>A failure that is told to the user as it stands, on standard error, with exit code 1.</summary>
internal sealed class CommandFailedException(string message, Exception? inner = null) : Exception(message, inner);
