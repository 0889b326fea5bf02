using Orrery.Client;

namespace Orrery.Hub;

/// <summary>How a hub reaches the API that it serves beside, and how other servers reach it.</summary>
/// <param name="Api">Root, with a credential for <see cref="Api.Kinds.OrreryNames.ServerUser"/> in every cluster; other servers are asked with the same.</param>
/// <param name="Address">Where other servers reach this one.</param>
public sealed record HubAccess(ClientConfig Api, Uri Address);
