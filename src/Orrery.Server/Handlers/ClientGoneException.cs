namespace Orrery.Server.Handlers;

/// <summary>The client went away while it was sending its body: there is nobody to answer, and nothing has been done.</summary>
internal sealed class ClientGoneException(IOException cause) : Exception(cause.Message, cause);
